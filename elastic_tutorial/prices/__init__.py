"""From a posterior to prices."""
