from gateway.model.resource import *  # noqa
