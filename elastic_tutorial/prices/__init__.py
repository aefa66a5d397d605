"""From a posterior to prices: what a price earns, and which earns most.

The files, in reading order:

- ``pricing``: ``expected_revenue``, ``expected_profit`` and ``best_price``, and the warning of
  prices far from those observed
- ``market``: what they start from, lined up and checked: draws of elasticity and base demand,
  today's and observed prices, costs and other numbers given for each product
- ``profit``: moments and gains of profit over the draws, in blocks
- ``best_move``: the best factor on today's prices, for products or for groups of them
- ``profit_curve``: the peak of one curve of expected profit, found with a proof
- ``ladders``: the prices that may stand on a label
- ``label_search``: the best of them, for a product or for a line of products with one price
- ``advice``: products for which no price is advised, and why
"""
