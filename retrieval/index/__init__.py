"""Lexical and dense indexes behind one port each."""
