"""Results to a report: proofs.json and the evidence, and nothing else, become HTML and LaTeX."""
