# Two stages: the first installs what requirements/ pins and the wheel of this checkout,
# the second takes that and nothing else.
# How to run it: docs/how-to/run-the-image.md. Why it is so: docs/decisions/0016-image.md.

# The base of both stages. A tag moves; a build that is to be repeated names a digest:
# --build-arg BASE=python:3.11-slim-trixie@sha256:...
ARG BASE=python:3.11-slim-trixie

FROM ${BASE} AS build
# The pins to install: core, or text for free text too, 370 MB more.
ARG PINS=core
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_INPUT=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements/ requirements/
# Wheels only, by their hashes: nothing is compiled and no package's setup code runs.
RUN python3 -m venv --without-pip /opt/sealgate \
    && python3 -m pip --python /opt/sealgate/bin/python3 install --quiet --no-compile \
        --require-hashes --only-binary :all: --requirement "requirements/$PINS.txt" \
    && python3 -m pip install --quiet --no-compile \
        --require-hashes --only-binary :all: --requirement requirements/build.txt
COPY LICENSE README.md pyproject.toml ./
COPY gateway/ gateway/
COPY keys/ keys/
COPY masking/ masking/
RUN python3 -m pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir dist . \
    && python3 -m pip --python /opt/sealgate/bin/python3 install --quiet --no-compile \
        --no-index --no-deps dist/*.whl
# Compiled here, since nothing can be written where it runs.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /opt/sealgate/lib \
    && mkdir -p -m 0700 /volumes/sealgate

FROM ${BASE}
ARG BASE
LABEL org.opencontainers.image.title="sealgate" \
    org.opencontainers.image.description="Share government records between departments: masked by policy, sealed to one recipient, logged. 政务数据共享安全网关" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.base.name="${BASE}"
# What the base could install more with.
RUN PYTHONDONTWRITEBYTECODE=1 python3 -m pip uninstall --quiet --yes --root-user-action ignore \
        pip setuptools wheel \
    && python3 -c "import ensurepip, shutil; shutil.rmtree(ensurepip.__path__[0])"
COPY --from=build /opt/sealgate /opt/sealgate
COPY --from=build --chown=65532:65532 /volumes/ /var/lib/
# Sealing 1 MB is 3.5 times as fast where memory is not given back at once.
ENV PATH=/opt/sealgate/bin:$PATH \
    MALLOC_MMAP_THRESHOLD_=67108864 \
    MALLOC_TRIM_THRESHOLD_=268435456
# One exchange: an image that does not work is not built, and what it needs of the
# standard library, which the base brings uncompiled, is compiled for every start to come.
RUN sealgate demo > /dev/null
ENV PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
WORKDIR /var/lib/sealgate
VOLUME /var/lib/sealgate
HEALTHCHECK --interval=60s --timeout=15s --start-period=30s --retries=3 \
    CMD ["sealgate", "health", "--node", "/var/lib/sealgate"]
ENTRYPOINT ["sealgate"]
CMD ["--help"]
