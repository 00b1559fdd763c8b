# The same two minutes as `make run`, in a box. Build: docker build -t shoptalk .   Run: docker run -p 7860:7860 shoptalk
FROM python:3.11-slim

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1 \
    GRADIO_ANALYTICS_ENABLED=False HF_HUB_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 ANONYMIZED_TELEMETRY=False

RUN useradd --create-home shop
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY assistant assistant
COPY retrieval retrieval
COPY prompts prompts
COPY ui ui
COPY eval eval
# PyTorch's own index serves the CPU build to amd64 and arm64; everything else is pinned by constraints.txt.
RUN pip install --constraint constraints.txt --extra-index-url https://download.pytorch.org/whl/cpu --editable . \
    && chown -R shop /app
USER shop
RUN shoptalk prepare
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"
CMD ["shoptalk", "serve", "--host", "0.0.0.0", "--port", "7860"]
