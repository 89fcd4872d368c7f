"""For instructors: grade submissions behind a fence, and release the student's version."""
