# One image for both functions: dependencies -> weights -> code, so that a change of code rebuilds the last layer only.
# BASE_IMAGE: releases name it by digest. WEIGHTS: "download", or "local" for what lies in .weights/.
ARG BASE_IMAGE=public.ecr.aws/lambda/python:3.12
ARG WEIGHTS=download

# ---- dependencies: wheels by hash, without what no function of ours imports
FROM ${BASE_IMAGE} AS dependencies
WORKDIR /build
COPY requirements.txt ./
# `ca`: a certificate authority of one's own, where a proxy intercepts TLS.
RUN --mount=type=secret,id=ca,target=/run/secrets/ca.pem \
    if [ -s /run/secrets/ca.pem ]; then export PIP_CERT=/run/secrets/ca.pem; fi; \
    python3 -m pip install --no-cache-dir --no-compile --disable-pip-version-check --root-user-action=ignore \
      --only-binary :all: --no-deps --require-hashes --target /dependencies --requirement requirements.txt
COPY infra/container/trim.py ./
# A root that is never written to keeps no bytecode: it is compiled here, and never compared with its source.
RUN python3 trim.py /dependencies \
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /dependencies

# ---- weights: checked, optimised ahead of time, without the originals
FROM dependencies AS optimiser
COPY infra/container/graphs-requirements.txt ./
RUN --mount=type=secret,id=ca,target=/run/secrets/ca.pem \
    if [ -s /run/secrets/ca.pem ]; then export PIP_CERT=/run/secrets/ca.pem; fi; \
    python3 -m pip install --no-cache-dir --no-compile --disable-pip-version-check --root-user-action=ignore \
      --only-binary :all: --no-deps --require-hashes --target /graphs --requirement graphs-requirements.txt
ENV ORT_DISABLE_TELEMETRY=1 PYTHONPATH=/dependencies:/graphs
COPY download_models.py ./
COPY backend/models_download backend/models_download
COPY backend/lambdas/__init__.py backend/lambdas/
COPY backend/lambdas/image_processor/__init__.py backend/lambdas/image_processor/recipes.py \
     backend/lambdas/image_processor/weight_files.py backend/lambdas/image_processor/

FROM optimiser AS weights-download
RUN --mount=type=secret,id=ca,target=/run/secrets/ca.pem \
    if [ -s /run/secrets/ca.pem ]; then export SSL_CERT_FILE=/run/secrets/ca.pem; fi; \
    python3 download_models.py --dir /weights --only-optimised \
    && chmod -R a+rX /weights

FROM optimiser AS weights-local
COPY .weights /weights
RUN python3 download_models.py --dir /weights --only-optimised --as-they-are \
    && chmod -R a+rX /weights

# hadolint ignore=DL3006
FROM weights-${WEIGHTS} AS weights

# ---- code: compiled, and imported once, so that a dependency trimmed too far fails here
FROM dependencies AS code
COPY backend/app /code/app
COPY backend/lambdas /code/lambdas
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /code \
    && chmod -R a+rX /code \
    && PYTHONPATH=/code:/dependencies PYTHONDONTWRITEBYTECODE=1 python3 -W error -c \
       'import lambdas.image_processor.handler, lambdas.image_processor.pipeline, lambdas.reconciler.handler'

# ---- the image
FROM ${BASE_IMAGE} AS image
COPY --from=dependencies /dependencies ${LAMBDA_TASK_ROOT}
COPY --from=weights /weights /opt/u2net
COPY --from=code /code ${LAMBDA_TASK_ROOT}
ENV U2NET_HOME=/opt/u2net \
    # onnxruntime would send usage data to its maker and keep an identifier in the home folder.
    ORT_DISABLE_TELEMETRY=1 \
    PYTHONDONTWRITEBYTECODE=1
ARG BASE_IMAGE
ARG VERSION=development
ENV IMAGE_VERSION=${VERSION}
LABEL org.opencontainers.image.title="bluemoxon-image-processor" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
# Lambda runs it as a user of its own; whoever else does is not root either.
USER 65532:65532
# The reconciler's command: lambdas.reconciler.handler.lambda_handler
CMD ["lambdas.image_processor.handler.lambda_handler"]
