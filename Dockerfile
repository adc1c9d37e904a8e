# One image for the web server, the worker and the commands of manage.py.
FROM python:3.13-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY requirements.txt ./
RUN python -m venv --without-pip /venv && uv pip install --quiet --no-cache --python /venv/bin/python --require-hashes -r requirements.txt
ENV PATH=/venv/bin:$PATH
COPY manage.py ./
COPY config config
COPY core core
COPY organizations organizations
COPY petitions petitions
COPY templates templates
COPY static static
COPY locale locale
COPY scripts/build.sh scripts/build.sh
RUN sh scripts/build.sh && python -m compileall -q .

FROM python:3.13-slim
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
RUN install -d -o 10001 -g 10001 /data/media
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENV BIND=0.0.0.0:8000 MEDIA_ROOT=/data/media
# Pillow loads libfribidi when it has to draw what is read from the right.
RUN python -c "import sys, PIL.features as f; sys.exit(not f.check('raqm'))" || { apt-get update && apt-get install -y --no-install-recommends libfribidi0 && rm -rf /var/lib/apt/lists/*; }
# What printed lists of signers are set in: names in every script.
RUN test -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc || { apt-get update && apt-get install -y --no-install-recommends fonts-noto-core fonts-noto-cjk && rm -rf /var/lib/apt/lists/*; }
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-m", "core.observability.healthcheck"]
CMD ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
