"""For instructors: grade submissions away from the instructor's files, and release the student's version."""
