"""The exceptions of the Docker SDK for Python that MiniStack catches."""


class DockerException(Exception):
    """The root of them all."""


class APIError(DockerException):
    """The engine refused."""


class NotFound(APIError):
    """There is no such container."""


class ImageNotFound(NotFound):
    """There is no such image."""


class ContainerError(DockerException):
    """A container ended with an error."""
