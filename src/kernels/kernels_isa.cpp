// Compiled once per instruction set; exports one table and nothing else.
