"""Institution standards 三建好 / 三合格 / 三达标: dated facts, judged as of a day by LP-50 to LP-61."""
