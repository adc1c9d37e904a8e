"""PDF files from Typst templates: accessible (PDF/UA-1), to be archived (PDF/A-2a), and
the same bytes for the same input."""
