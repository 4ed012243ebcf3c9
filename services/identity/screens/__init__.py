"""What the screens of identity share: their texts, their parts, how they tell what went wrong."""
