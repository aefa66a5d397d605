"""Figures: axes in, axes out, and no arithmetic."""
