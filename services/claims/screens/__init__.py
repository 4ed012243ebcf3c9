"""What the screens of claims share: their texts, the bill as it is drawn, the page of a case."""
