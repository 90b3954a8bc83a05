"""What is laid into a living Sahana Eden: the list, and the files that the bundled application has not."""
