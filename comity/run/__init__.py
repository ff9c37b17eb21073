"""One case from start to outcome; the schedule that runs ahead; the run store."""
