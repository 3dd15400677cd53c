"""Wrong answers that pretend to pass, and right ones that look odd: the tables of C, C++ and C#."""
