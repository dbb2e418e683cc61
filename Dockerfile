# The scheduled job in a container: docker compose run --rm predictions
FROM python:3.12-slim-bookworm AS installed
WORKDIR /opt/customer_predictions
COPY requirements.lock ./
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock
COPY . .
RUN .venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation --no-index --editable .

FROM python:3.12-slim-bookworm
RUN useradd --create-home --uid 10001 predictions \
    && install -d -o predictions -m 0700 /data/raw /data/warehouse
# The commit that is recorded with each run: --build-arg CODE_VERSION=$(git rev-parse --short=12 HEAD)
ARG CODE_VERSION=unknown
ENV CODE_VERSION=$CODE_VERSION
COPY --from=installed --chown=predictions /opt/customer_predictions /opt/customer_predictions
WORKDIR /opt/customer_predictions
USER predictions
# ELEMENTARY=off: the image holds no dbt packages.
ENV PATH="/opt/customer_predictions/.venv/bin:$PATH" RAW_DATA=/data/raw WAREHOUSE=/data/warehouse ELEMENTARY=off
VOLUME ["/data"]
# Reads the warehouse and changes nothing; fails where a half is missing or damaged.
HEALTHCHECK --interval=10m --timeout=60s --start-period=30m CMD ["customer-predictions", "doctor", "--quick"]
CMD ["dbt", "build", "--exclude-resource-type", "unit_test"]
