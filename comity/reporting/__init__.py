"""Reports: for the terminal, for Allure, for other programs. They read outcomes, and judge none."""
