"""Cases: recorded calls as tests. They are made once more, by today's code and configuration."""
