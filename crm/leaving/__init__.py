"""People who leave: what they hold, who takes it over, and the work of handing it over."""
