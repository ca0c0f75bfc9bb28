# The service, with what posters as PDF and open data as Parquet need. docs/operating/compose.md tells how to run it.
FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/meguri
WORKDIR /src
# Packages first: they change seldom. Wheels only, each with the hash that the lock says.
COPY requirements-image.lock ./
RUN /opt/meguri/bin/pip install --only-binary :all: --require-hashes -r requirements-image.lock
COPY pyproject.toml README.md LICENSE ./
COPY domain domain
COPY qr qr
COPY projections projections
COPY service service
RUN /opt/meguri/bin/pip install --no-deps --no-build-isolation .
# What is not a package of Python's: the ready plans, which the wizard offers.
COPY plans /tmp/plans
RUN cp -r /tmp/plans "$(/opt/meguri/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/plans"

FROM python:3.13-slim-bookworm
# A Japanese font that posters put into their files.
RUN apt-get update \
 && apt-get install -y --no-install-recommends fonts-noto-cjk fontconfig \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --no-create-home --home-dir /data meguri \
 && install -d -o meguri -g meguri -m 700 /data
COPY --from=build /opt/meguri /opt/meguri
ENV PATH=/opt/meguri/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MEGURI_DATA=/data
USER meguri
WORKDIR /data
VOLUME /data
EXPOSE 8017
STOPSIGNAL SIGTERM
# Whether the process answers. Whether it can take check-ins is /readyz's to say, and no reason to end it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8017/healthz', timeout=4)"]
ENTRYPOINT ["meguri"]
CMD ["serve", "--host", "0.0.0.0"]
