"""Pictures: data of the view to matplotlib figures, to SVG for the page and to PDF for the article."""
