"""LogUp over all lookups at once, by a tree of fractions and GKR (Papini and Haboeck 2023)."""
