"""Contrast of colours, as the Web Content Accessibility Guidelines define it."""

import re

from matplotlib.colors import to_rgb


def luminance(color):
    """Relative luminance, as WCAG defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def computed(text):
    """Colour that a browser computed, such as ``rgb(27, 30, 35)``, as three parts of 1."""
    return tuple(float(part) / 255 for part in re.findall(r"[\d.]+", text)[:3])


def contrast(one, other):
    """Contrast ratio of two colours, from 1 to 21, as WCAG defines it."""
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)
