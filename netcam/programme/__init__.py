"""How far the removal of listed devices has come, site by site, and when it may be done."""
