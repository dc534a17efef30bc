{{/* What the pods of the three components have in common. */}}

{{/* Requests, and a limit of memory. A limit of CPU would halt the lease's clock, so the presets have none. */}}
{{- define "postdock.resources" -}}
{{- $presets := dict
  "nano" (list "100m" "256Mi")
  "micro" (list "250m" "512Mi")
  "small" (list "500m" "1Gi")
  "medium" (list "1" "2Gi")
  "large" (list "2" "4Gi")
  "xlarge" (list "4" "8Gi") -}}
{{- if .resources -}}
{{ toYaml .resources }}
{{- else if hasKey $presets .resourcesPreset -}}
{{- $preset := get $presets .resourcesPreset -}}
requests:
  cpu: {{ index $preset 0 | quote }}
  memory: {{ index $preset 1 }}
limits:
  memory: {{ index $preset 1 }}
{{- else -}}
{}
{{- end -}}
{{- end -}}

{{/* A probe of our HTTP, with the operator's values laid over it. None of them asks other containers. Takes dict path, own, rest */}}
{{- define "postdock.probe" -}}
{{- $probe := dict "httpGet" (dict "path" .path "port" "http") "timeoutSeconds" 5 -}}
{{- mergeOverwrite $probe (deepCopy .rest) (deepCopy .own) | toYaml -}}
{{- end -}}
{{- define "postdock.probes" -}}
startupProbe:
  {{- include "postdock.probe" (dict "path" "/healthz" "own" .startupProbe "rest" (dict "periodSeconds" 2 "failureThreshold" 60)) | nindent 2 }}
readinessProbe:
  {{- include "postdock.probe" (dict "path" "/readyz" "own" .readinessProbe "rest" (dict "periodSeconds" 3 "failureThreshold" 2)) | nindent 2 }}
livenessProbe:
  {{- include "postdock.probe" (dict "path" "/healthz" "own" .livenessProbe "rest" (dict "periodSeconds" 10 "failureThreshold" 6)) | nindent 2 }}
{{- end -}}

{{/* Variables of all containers. */}}
{{- define "postdock.env.common" -}}
{{- $secrets := "/etc/postdock/secrets" -}}
- { name: CLUSTER_KEY_FILE, value: {{ $secrets }}/app.cluster.key }
- { name: REPLICATION_PASSWORD_FILE, value: {{ $secrets }}/app.db.cluster.replication.password }
- { name: TLS, value: {{ .Values.tls.mode | quote }} }
{{- if include "postdock.tlsSecret" . }}
- { name: TLS_CERT_FILE, value: /etc/postdock/tls/tls.crt }
- { name: TLS_KEY_FILE, value: /etc/postdock/tls/tls.key }
- { name: TLS_CA_FILE, value: /etc/postdock/tls/ca.crt }
{{- end }}
{{- if .Values.metrics.auth }}
- { name: METRICS_PASSWORD_FILE, value: {{ $secrets }}/app.metrics.password }
{{- end }}
{{- end -}}

{{/*
All variables of a container: the chart's, less those that the operator gives, and the operator's. NAME and NAME_FILE are one
variable. Takes dict root, own (YAML of a list), extra
*/}}
{{- define "postdock.env" -}}
{{- $given := dict -}}
{{- range concat .root.Values.commonEnv (default list .extra) -}}{{- $_ := set $given (trimSuffix "_FILE" .name) . -}}{{- end -}}
{{- $env := list -}}
{{- range concat (.own | fromYamlArray) (include "postdock.env.common" .root | fromYamlArray) -}}
{{- if not (hasKey $given (trimSuffix "_FILE" .name)) -}}{{- $env = append $env . -}}{{- end -}}
{{- end -}}
{{- range $_, $variable := $given -}}{{- $env = append $env $variable -}}{{- end -}}
{{ toYaml $env }}
{{- end -}}

{{/* Directories that a container writes to, secrets and certificates. */}}
{{- define "postdock.mounts" -}}
- { name: run, mountPath: /run }
- { name: tmp, mountPath: /tmp }
- { name: secrets, mountPath: /etc/postdock/secrets, readOnly: true }
{{- if include "postdock.tlsSecret" . }}
- { name: tls, mountPath: /etc/postdock/tls, readOnly: true }
{{- end }}
{{- end -}}
{{- define "postdock.volumes" -}}
- { name: run, emptyDir: { medium: Memory, sizeLimit: 64Mi } }
- { name: tmp, emptyDir: {} }
- { name: secrets, secret: { secretName: {{ include "postdock.secret" . }}, defaultMode: 0440 } }
{{- with include "postdock.tlsSecret" . }}
- { name: tls, secret: { secretName: {{ . }}, defaultMode: 0440 } }
{{- end }}
{{- end -}}

{{- define "postdock.antiAffinity" -}}
{{- $keep := ternary "postgres" .component (eq .component "barman") -}}
{{- $selector := include "postdock.selector" (dict "root" .root "component" $keep) | fromYaml -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" $selector) -}}
{{- $preset := .own.podAntiAffinityPreset -}}
{{- if .own.affinity -}}
{{ toYaml .own.affinity }}
{{- else if eq $preset "soft" -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        {{- toYaml $term | nindent 8 }}
{{- else if eq $preset "hard" -}}
podAntiAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    - {{- toYaml $term | nindent 6 }}
{{- else -}}
{}
{{- end -}}
{{- end -}}

{{/* Labels and annotations of a pod. Takes dict root, component, own, labels (optional) */}}
{{- define "postdock.podMetadata" -}}
{{- $selector := include "postdock.selector" . | fromYaml -}}
{{- $labels := mergeOverwrite (include "postdock.labels" . | fromYaml) (deepCopy .own.podLabels) (default dict .labels) $selector -}}
{{- $scrape := dict "prometheus.io/scrape" "true" "prometheus.io/port" "8080" "prometheus.io/path" "/metrics" -}}
labels:
  {{- omit $labels "helm.sh/chart" "app.kubernetes.io/version" | toYaml | nindent 2 }}
{{- with mergeOverwrite (ternary $scrape dict .root.Values.metrics.annotations) (deepCopy .root.Values.commonAnnotations) (deepCopy .own.podAnnotations) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
Copies the hosts file to where pgpool may keep addresses in it while DNS is silent or late: each of its connections looks a name
up. What the kubelet mounts can only be changed by root. Takes dict root, component, own
*/}}
{{- define "postdock.hostsFile" -}}
name: hosts-file
image: {{ include "postdock.image" (dict "root" .root "own" .own "tag" (include "postdock.tag" .component)) }}
imagePullPolicy: {{ .own.pullPolicy }}
command: [cp, /etc/hosts, /hosts/hosts]
securityContext:
  {{- toYaml .own.containerSecurityContext | nindent 2 }}
# those of the pod, which they do not raise: it ends before pgpool starts
resources:
  {{- include "postdock.resources" .own | nindent 2 }}
volumeMounts:
  - { name: hosts, mountPath: /hosts }
{{- end -}}

{{/* What stands in a pod's spec beside its own container and volumes. Takes dict root, component, own, init (optional) */}}
{{- define "postdock.podSpec" -}}
serviceAccountName: {{ include "postdock.serviceAccount" .root }}
automountServiceAccountToken: {{ and (eq .component "postgres") (ne (include "postdock.byRole" .root) "") }}
# the variables that Kubernetes makes of services, like REPLICATION_PORT=tcp://..., would be taken for ours
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .own.terminationGracePeriodSeconds }}
securityContext:
  {{- toYaml .own.podSecurityContext | nindent 2 }}
affinity:
  {{- include "postdock.antiAffinity" . | nindent 2 }}
{{- with .root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .own.topologySpreadConstraints }}
{{- $selector := dict "labelSelector" (dict "matchLabels" (include "postdock.selector" . | fromYaml)) }}
topologySpreadConstraints:
  {{- range .own.topologySpreadConstraints }}
  - {{- mergeOverwrite (deepCopy $selector) . | toYaml | nindent 4 }}
  {{- end }}
{{- end }}
{{- with .own.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .own.schedulerName }}
schedulerName: {{ . }}
{{- end }}
{{- with concat (default list .init) (default list .own.initContainers) }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What a container has beside its ports, variables and volumes. Takes dict root, component, own */}}
{{- define "postdock.container" -}}
image: {{ include "postdock.image" (dict "root" .root "own" .own "tag" (include "postdock.tag" .component)) }}
imagePullPolicy: {{ .own.pullPolicy }}
securityContext:
  {{- toYaml .own.containerSecurityContext | nindent 2 }}
{{ include "postdock.probes" .own }}
resources:
  {{- include "postdock.resources" .own | nindent 2 }}
{{- end -}}

{{/* A claim of a StatefulSet. Takes dict name, own, size */}}
{{- define "postdock.claim" -}}
- metadata:
    name: {{ .name }}
    {{- with .own.labels }}
    labels:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .own.annotations }}
    annotations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    accessModes:
      {{- toYaml .own.accessModes | nindent 6 }}
    {{- with .own.storageClass }}
    storageClassName: {{ ternary "" . (eq . "-") | quote }}
    {{- end }}
    {{- with .own.selector }}
    selector:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    resources:
      requests:
        storage: {{ default .own.size .size }}
{{- end -}}
