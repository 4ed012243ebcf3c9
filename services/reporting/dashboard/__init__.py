"""The county's page: its figures as one document, and the page itself."""
