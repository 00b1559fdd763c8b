"""Drawings of what a shop sells, as SVG fragments, and the words that choose among them."""
