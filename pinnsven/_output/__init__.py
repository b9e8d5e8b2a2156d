"""What a solution is, and everything that is made of one: values, tables, pictures, pages, files."""
