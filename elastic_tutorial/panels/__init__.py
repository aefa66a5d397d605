"""From a sales table, a file or a simulation to a panel."""
