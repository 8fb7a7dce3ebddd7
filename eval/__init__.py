"""Measures rag from outside: question sets in, answers and figures out."""
