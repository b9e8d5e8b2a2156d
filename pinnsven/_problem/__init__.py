"""A problem: its conditions bound to a domain and to fields, and what is known of the answer."""

from ._problem import Problem as Problem, Reference as Reference, check_reference as check_reference
