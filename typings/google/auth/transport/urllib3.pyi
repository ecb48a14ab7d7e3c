import urllib3

class Request:
    def __init__(self, http: urllib3.PoolManager) -> None: ...
