{{- define "stafett.name" -}}
{{- if contains "stafett" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-stafett" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "stafett.selector" -}}
app.kubernetes.io/name: stafett
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "stafett.labels" -}}
{{ include "stafett.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "stafett.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end }}

{{- define "stafett.configMap" -}}
{{- .Values.existingConfigMap | default (printf "%s-config" (include "stafett.name" .)) -}}
{{- end }}

{{- /* What every pod has: no root, nothing written, no token of the cluster. */ -}}
{{- define "stafett.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "stafett.container" -}}
image: {{ include "stafett.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - {name: config, mountPath: /data, readOnly: true}
  - {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "stafett.volumes" -}}
- name: config
  configMap: {name: {{ include "stafett.configMap" . }}, defaultMode: 0440}
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
{{- end }}

{{- define "stafett.settings" -}}
{{- range $name, $value := . }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}
