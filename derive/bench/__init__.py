"""How fast derive is: each part measures one thing and returns plain figures; `derive bench` prints them.

Every figure that could be flattered by a warm cache is taken in a fresh process.
"""
