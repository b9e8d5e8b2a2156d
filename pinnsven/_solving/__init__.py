"""From the last step to the answer: what is measured, estimated and said of a solution."""
