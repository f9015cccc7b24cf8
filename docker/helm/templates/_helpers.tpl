{{- define "threegate.selector" -}}
app.kubernetes.io/name: threegate
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "threegate.labels" -}}
{{ include "threegate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
{{- define "threegate.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}
{{- define "threegate.ports" -}}
{{- with .Values.settings.metrics_port }}
metrics: {{ . }}
{{- end }}
{{- with .Values.settings.ext_proc_port }}
ext-proc: {{ . }}
{{- end }}
{{- end }}
