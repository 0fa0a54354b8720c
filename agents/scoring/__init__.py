"""What programs are worth without labels: generated tests, the matrix, rankings, costs."""
