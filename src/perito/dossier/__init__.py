"""The dossier: findings with everything that another person needs to recompute and to contest them."""
