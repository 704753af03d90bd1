"""Submissions: grading answers, scoring solves."""
