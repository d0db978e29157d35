"""The catalogue: for each chapter of mistakes, its words and facts, and the edits that plant and fix them."""
