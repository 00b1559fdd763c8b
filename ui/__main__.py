"""`python -m ui` is `shoptalk`: what launchers such as `accelerate launch -m ui` start."""

from ui.cli import main

if __name__ == "__main__":
    main()
