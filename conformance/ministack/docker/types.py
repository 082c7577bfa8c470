"""The types of the Docker SDK for Python that MiniStack builds its arguments with."""


class _Options(dict):
    def __init__(self, *args, **options):
        super().__init__(options, args=args)


Healthcheck = LogConfig = Mount = Ulimit = DeviceRequest = _Options
