"""What an operator types: one module for each family of commands."""
