"""The periodic report, as a page or a PDF."""
