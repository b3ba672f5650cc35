"""`python -m netcam` is the command `netcam`."""

from netcam.cli import main

main()
