{{/* Names, labels and images. */}}

{{- define "postdock.name" -}}{{ .Values.postDock.name }}{{- end -}}
{{- define "postdock.secret" -}}{{ default (printf "%s-secret" .Values.postDock.name) .Values.existingSecret }}{{- end -}}
{{- define "postdock.tlsSecret" -}}
{{- if .Values.tls.certManager.enabled -}}{{ .Values.postDock.name }}-tls
{{- else -}}{{ .Values.tls.certificatesSecret }}{{- end -}}
{{- end -}}
{{- define "postdock.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}{{ default .Values.postDock.name .Values.serviceAccount.name }}
{{- else -}}{{ default "default" .Values.serviceAccount.name }}{{- end -}}
{{- end -}}

{{/* how many nodes there are: the list of 1.x counts where it is given */}}
{{- define "postdock.replicas" -}}
{{- if .Values.postgres.nodes -}}{{ len .Values.postgres.nodes }}{{- else -}}{{ .Values.postgres.replicas }}{{- end -}}
{{- end -}}

{{/* the one list of nodes; all other lists are made of it */}}
{{- define "postdock.nodes" -}}
{{- $name := .Values.postDock.name -}}
{{- range $i := until (int (include "postdock.replicas" .)) }}
- {{ printf "%s-db-node-%d.%s-db" $name $i $name }}
{{- end }}
{{- end -}}
{{- define "postdock.partners" -}}{{ include "postdock.nodes" . | fromYamlArray | join "," }}{{- end -}}
{{- define "postdock.backends" -}}
{{- range $i, $host := include "postdock.nodes" . | fromYamlArray -}}{{ if $i }},{{ end }}{{ $i }}:{{ $host }}::::{{- end -}}
{{- end -}}
{{/* pgpool pods that vote, as the voters call them; empty if they do not */}}
{{- define "postdock.observers" -}}
{{- $name := .Values.postDock.name -}}
{{- if .Values.pgpool.votes -}}
{{- range $i := until (int .Values.pgpool.replicas) -}}
{{ if $i }},{{ end }}{{ printf "%s-database-pgpool-%d.%s-pgpool-nodes" $name $i $name }}
{{- end -}}
{{- end -}}
{{- end -}}
{{/* not empty: the nodes label their pods by role, and services select them by that */}}
{{- define "postdock.byRole" -}}
{{- if and .Values.services.byRole (default dict .Values.rbac).create -}}true{{- end -}}
{{- end -}}
{{/* the labels by which a service selects nodes; roles/postgres-node/decide/role-label.ts sets them. Takes rw, ro or r */}}
{{- define "postdock.roleLabel" -}}
{{- get (dict "rw" "postdock/role: primary" "ro" "postdock/role: standby" "r" "postdock/reads: \"true\"") . -}}
{{- end -}}
{{/* the names of a service in the cluster. Takes dict root, service */}}
{{- define "postdock.namesOf" -}}
{{- $ns := .root.Release.Namespace -}}
{{ list .service (printf "%s.%s" .service $ns) (printf "%s.%s.svc" .service $ns) (printf "%s.%s.svc.cluster.local" .service $ns) | toYaml }}
{{- end -}}
{{/* names by which clients reach pgpool */}}
{{- define "postdock.clientNames" -}}
{{- $own := include "postdock.namesOf" (dict "root" . "service" (printf "%s-pgpool" .Values.postDock.name)) | fromYamlArray -}}
{{ concat $own .Values.tls.names | uniq | toYaml }}
{{- end -}}
{{/* names by which clients reach nodes; none if no service selects them by role */}}
{{- define "postdock.roleNames" -}}
{{- $names := list -}}
{{- if include "postdock.byRole" . -}}
{{- range $role := list "rw" "ro" "r" -}}
{{- $names = concat $names (include "postdock.namesOf" (dict "root" $ "service" (printf "%s-%s" $.Values.postDock.name $role)) | fromYamlArray) -}}
{{- end -}}
{{- end -}}
{{ $names | toYaml }}
{{- end -}}

{{/* labels by which a component's pods are found; those of the chart of 1.x. Takes dict root, component */}}
{{- define "postdock.selector" -}}
{{- if eq .component "postgres" -}}
name: database
{{- else if eq .component "pgpool" -}}
name: database-balancer
node: pgpool
{{- else -}}
name: database-backup
node: barman
{{- end }}
system: {{ .root.Values.postDock.name }}
{{- end -}}

{{/* labels of an object. Takes dict root, component (optional) */}}
{{- define "postdock.labels" -}}
system: {{ .root.Values.postDock.name }}
app.kubernetes.io/name: postdock
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* name, labels and annotations of an object. Takes dict root, name, component, labels and annotations (optional) */}}
{{- define "postdock.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- mergeOverwrite (include "postdock.labels" . | fromYaml) (default dict .labels) | toYaml | nindent 2 }}
{{- with mergeOverwrite (deepCopy .root.Values.commonAnnotations) (default dict .annotations) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* an image; Takes dict root, own (values of the component), tag (the chart's) */}}
{{- define "postdock.image" -}}
{{- $registry := .root.Values.global.imageRegistry -}}
{{- $name := ternary (printf "%s/%s" $registry .own.image) .own.image (ne $registry "") -}}
{{- if .own.digest -}}{{ $name }}@{{ .own.digest }}{{- else -}}{{ $name }}:{{ default .tag .own.tag }}{{- end -}}
{{- end -}}
{{- define "postdock.tag" -}}
{{- $tags := dict "postgres" "2.0-postgres17-repmgr55" "pgpool" "2.0-pgpool46-postgres17" "barman" "2.0-barman313-postgres17" -}}
{{ get $tags . }}
{{- end -}}
