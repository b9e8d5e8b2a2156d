"""A problem: its conditions bound to a domain and to fields, and what is known of the answer."""

from ._field import Field as Field
from ._known import known_values as known_values, relative_errors as relative_errors
from ._method_of_lines import method_of_lines as method_of_lines
from ._problem import Problem as Problem
from ._unknown import Unknown as Unknown
